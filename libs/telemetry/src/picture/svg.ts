/** SVG as text: escaped, deterministic, coordinates to a tenth of a pixel. */

/** Attribute values; undefined leaves an attribute out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; children are markup already (see `escapeText`). */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeText(String(value))}"`)
    .join('');
  const content = children.join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/** Text as markup; control characters, which XML forbids, are dropped. */
export function escapeText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are exactly the characters that XML 1.0 forbids
  const legal = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
  return legal.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** A coordinate with at most one decimal. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}
