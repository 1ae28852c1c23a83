// Compiles the library and the examples, and puts the SQL migrations beside the code that reads them.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const compile = (project) => execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit' })

rmSync('dist', { recursive: true, force: true })
compile('tsconfig.build.json')
cpSync('src/postgres/migrations', 'dist/postgres/migrations', { recursive: true })
if (existsSync('dist/cli/main.js')) chmodSync('dist/cli/main.js', 0o755)

for (const { name } of readdirSync('examples', { withFileTypes: true })) {
  const project = join('examples', name)
  if (!existsSync(join(project, 'tsconfig.json'))) continue
  rmSync(join(project, 'dist'), { recursive: true, force: true })
  compile(join(project, 'tsconfig.json'))
}
