/** See compiled-tree.mjs. */
export function compiledTree(): Promise<string>
