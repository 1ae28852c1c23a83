const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as text, wherever in the page it stands: facts hold what hostile records said. */
export const escaped = (text: string | number): string =>
  String(text).replace(/[&<>"']/g, (it) => ENTITIES[it] ?? '')

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element of HTML or SVG. Attributes are escaped, content is markup already. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const said = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? rounded(value) : (value ?? ''))}"`)
  return `<${name}${said.join('')}>${content.join('')}</${name}>`
}

/** What is shown when one hovers over the element that it is in. */
export const hover = (text: string): string => `<title>${escaped(text)}</title>`

const rounded = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))
