/** How lines of the log name a projection, or a class of effects. */
export function feedFacts(kind: 'projection' | 'effect', name: string): Readonly<Record<string, string>> {
  return kind === 'effect' ? { effects: name } : { projection: name }
}
