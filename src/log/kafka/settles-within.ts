/** Whether `work` settles, either way, before `milliseconds` are over. It goes on in any case. */
export async function settlesWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeIsUp = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  const settled = work.then(
    () => true,
    () => true,
  )
  return Promise.race([settled, timeIsUp]).finally(() => clearTimeout(timer))
}
