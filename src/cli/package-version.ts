import { existsSync, readFileSync } from 'node:fs'

/** The version of the package that this file belongs to. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder)
    const found = existsSync(file) ? parse(readFileSync(file, 'utf8')) : {}
    if (found.name === 'reprise') return found.version ?? 'unknown'
    if (folder.pathname === '/') return 'unknown'
  }
}

function parse(text: string): { readonly name?: string; readonly version?: string } {
  return JSON.parse(text) as { name?: string; version?: string }
}
