/** A process that takes locks when it is told to: for a test of two at once. */
import { markProcess } from '../../../../deploy/qemu/process.ts'
import { takeLock } from '../../../../deploy/targets/local/state.ts'

const self = markProcess(process.pid)

process.on('message', ({ file, at }: { file: string; at: number }) => {
  while (Date.now() < at);
  if (self === undefined) throw new Error('no mark of this process')
  takeLock(file, self).then(
    () => process.send?.('taken'),
    (error: Error) => process.send?.(error.message),
  )
})
