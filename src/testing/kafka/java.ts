import { join } from 'node:path'
import { runTool } from './run-tool.js'

/** The oldest Java that the broker runs on. */
export const oldestJava = 17

/** The `java` to run: that of JAVA_HOME, else the one on the path. */
export function javaProgram(): string {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : join(home, 'bin', 'java')
}

/** The major version of that Java, or undefined when there is none. */
export async function javaVersion(): Promise<number | undefined> {
  const { code, output } = await runTool(javaProgram(), ['-version'], 20_000)
  const version = /version "(\d+)/.exec(output)?.[1]
  return code === 0 && version !== undefined ? Number(version) : undefined
}
