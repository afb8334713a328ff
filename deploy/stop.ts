import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'stop',
  'Presses the power button: the app finishes its work, then the machine is off.',
)
