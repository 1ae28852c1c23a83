// npm run chaos: compiles the present source and the programs of test/chaos, and runs them.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { compiledTree } from './compiled-tree.mjs'

const run = join(await compiledTree(), 'test', 'chaos', 'run.js')
const child = spawn(process.execPath, [run, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// It stops its servers before it ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => process.exit(code ?? 1))
