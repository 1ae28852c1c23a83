// Compiles the library and the example, and puts the SQL migrations beside the code that reads them.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const compile = (project) => execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })

rmSync('dist', { recursive: true, force: true })
compile('tsconfig.build.json')
cpSync('src/postgres/migrations', 'dist/postgres/migrations', { recursive: true })
if (existsSync('dist/cli/main.js')) chmodSync('dist/cli/main.js', 0o755)

rmSync('examples/banking/dist', { recursive: true, force: true })
if (existsSync('examples/banking/tsconfig.json')) compile('examples/banking/tsconfig.json')
