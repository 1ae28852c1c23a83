import { execFile } from 'node:child_process'

/** Whether a container engine answers, for machines where the servers cannot run by themselves. */
export function containerEngineAnswers(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 10_000 }, (error, stdout) => {
      resolve(error === null && stdout.trim() !== '')
    })
  })
}
