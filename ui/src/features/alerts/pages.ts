// A ledger as it is read page by page, the newest first.

export interface Page<Item, Cursor> {
  items: Item[];
  /** Where the page below begins; `null` at the end. */
  next: Cursor | null;
}

/**
 * The newest page in the place of all that it covers, and below it what was known before. A page that does not reach
 * down to what was known begins anew. `place` grows with every entry of the ledger.
 */
export function renewed<Item, Cursor>(
  known: Page<Item, Cursor>,
  newest: Page<Item, Cursor>,
  place: (item: Item) => number,
): Page<Item, Cursor> {
  const last = newest.items.at(-1);
  if (newest.next === null || last === undefined) return newest;
  const below = known.items.filter((item) => place(item) < place(last));
  if (below.length === 0 || below.length === known.items.length) return newest;
  return { items: [...newest.items, ...below], next: known.next };
}

/** With the page below it. */
export function extended<Item, Cursor>(
  known: Page<Item, Cursor>,
  older: Page<Item, Cursor>,
): Page<Item, Cursor> {
  return { items: [...known.items, ...older.items], next: older.next };
}

/** Each item with a key that no other has, however much they are alike. */
export function keyed<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
): { item: Item; key: string }[] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const name = key(item);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return { item, key: before === 0 ? name : `${name}#${before}` };
  });
}
