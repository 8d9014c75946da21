/** Numbers as a picture shows them. */

const SUPERSCRIPT = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A measured value: three significant digits; tiny and huge ones as a power of ten. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 1e-3 || size >= 1e6) {
    const [digits, exponent] = value.toExponential(1).split('e');
    return `${digits.replace('-', '−')}·10${superscript(Number(exponent))}`;
  }
  const text = size >= 1000 ? value.toFixed(0) : value.toPrecision(3);
  return text.replace('-', '−');
}

/** A share as a percentage with one decimal. */
export function formatPercent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** A tick: as short as it can be said. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [digits, exponent] = value.toExponential().split('e');
    return `${digits === '1' ? '' : `${digits.replace('-', '−')}·`}10${superscript(Number(exponent))}`;
  }
  return String(value).replace('-', '−');
}

/** A tick of a share. */
export function formatPercentTick(value: number): string {
  return `${Number((value * 100).toPrecision(6))} %`;
}

function superscript(exponent: number): string {
  const digits = String(Math.abs(exponent)).replace(/\d/g, (digit) => SUPERSCRIPT[Number(digit)]);
  return exponent < 0 ? `⁻${digits}` : digits;
}
