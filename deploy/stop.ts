import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'stop',
  'Presses the power button: the app drains, then the machine powers off.',
)
