import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { repository } from './compiler.js'

/** The package's entries and the sources that they are built from, as `exports` in package.json says. */
export function publicEntries(): ReadonlyMap<string, string> {
  const manifest = JSON.parse(readFileSync(`${repository}package.json`, 'utf8')) as {
    name: string
    exports: Record<string, string | { types: string }>
  }
  const entries = Object.entries(manifest.exports).flatMap(([path, target]): [string, string][] =>
    typeof target === 'string'
      ? []
      : [
          [
            path.replace(/^\./, manifest.name),
            `${repository}${target.types.replace('./dist/', 'src/').replace('.d.ts', '.ts')}`,
          ],
        ],
  )
  return new Map(entries)
}

/** The names that each entry lists, with the entry; one that several list belongs to the first of them. */
export function exportedNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [entry, file] of publicEntries()) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022)
    for (const statement of source.statements) {
      if (!ts.isExportDeclaration(statement)) continue
      const { exportClause } = statement
      if (exportClause === undefined || ts.isNamespaceExport(exportClause))
        throw new Error(`${file} must list its names`)
      for (const { name } of exportClause.elements) if (!names.has(name.text)) names.set(name.text, entry)
    }
  }
  return names
}
