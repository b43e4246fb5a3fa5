const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const CENTS = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** Billionths in a dollar. */
const NANO = 1e9;

/** A sum: `$18.40`, `$1,240`, `<$0.01`, `no price` where nobody told one. */
export function money(nanoUsd: number | null): string {
  if (nanoUsd === null) return 'no price';
  const usd = nanoUsd / NANO;
  if (nanoUsd > 0 && usd < 0.01) return '<$0.01';
  return usd >= 1000 ? `$${WHOLE.format(usd)}` : `$${CENTS.format(usd)}`;
}

/** One request's price: `$0.104`, `$2.50`, `$0.0006`. */
export function price(nanoUsd: number | null): string {
  if (nanoUsd === null) return 'no price';
  const usd = nanoUsd / NANO;
  if (usd === 0 || usd >= 1) return `$${CENTS.format(usd)}`;
  if (usd < 0.0001) return '<$0.0001';
  return `$${usd.toFixed(usd >= 0.001 ? 3 : 4)}`;
}

/** Every digit there is: `$0.01775055`. */
export function exactMoney(nanoUsd: number | null): string {
  if (nanoUsd === null) return 'no price was told';
  const digits = (nanoUsd / NANO).toFixed(9).replace(/0+$/, '');
  return `$${digits.replace(/\.(\d?)$/, (_, digit: string) => `.${digit.padEnd(2, '0')}`)}`;
}
