/** A process that takes locks when it is told to: for a test of two at once. */
import { takeLock } from '../../../config/lib/lock.ts'
import { markProcess } from '../../../config/lib/process.ts'

const self = markProcess(process.pid)

process.on('message', ({ file, at }: { file: string; at: number }) => {
  while (Date.now() < at);
  if (self === undefined) throw new Error('no mark of this process')
  takeLock(file, self, 'another deploy').then(
    () => process.send?.('taken'),
    (error: Error) => process.send?.(error.message),
  )
})
