import { execFile } from 'node:child_process'

export interface ToolResult {
  /** Undefined when the tool is not there or was killed. */
  readonly code: number | undefined
  readonly output: string
}

/** Runs a command-line tool to its end, with stdout and stderr in one text. Never rejects. */
export function runTool(tool: string, args: readonly string[], timeout = 0): Promise<ToolResult> {
  // A Windows installation of Maven is a batch file, which only a shell can run.
  const shell = process.platform === 'win32' && tool === 'mvn'
  return new Promise((resolve) => {
    execFile(
      tool,
      args,
      { timeout, shell, windowsHide: true, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        const output = stdout + stderr
        if (error === null) resolve({ code: 0, output })
        else
          resolve({
            code: typeof error.code === 'number' ? error.code : undefined,
            output: output || error.message,
          })
      },
    )
  })
}
