/** See bundle.mjs. */
export function bundle(options: {
  readonly root: string
  readonly home?: string
  readonly entries: Readonly<Record<string, string>>
  readonly folder: string
}): Promise<void>
