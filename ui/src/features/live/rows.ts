/** A click anywhere on a row of a list follows the link in its heading; the keyboard has the link itself. */
export function wholeRows(list: HTMLElement): () => void {
  const choose = (event: MouseEvent): void => {
    const target = event.target as Element;
    if (target.closest('a, button') !== null || window.getSelection()?.isCollapsed === false)
      return;
    target.closest('.row')?.querySelector<HTMLElement>('h3 a')?.click();
  };
  list.addEventListener('click', choose);
  return () => list.removeEventListener('click', choose);
}
