/** The control channel: a bundle of its own, loaded when there is a host to talk to. */
import { appMethods, machineMethods, type Subject } from './methods.ts'
import { Port } from './port.ts'
import { obey as obeyWith, type Order } from './forward.ts'
import { Server } from './server.ts'

/**
 * Answers the host from now on.
 *
 * @param device of the virtio-serial port
 */
export function openControl(device: string, subject: Subject): void {
  const server = new Server(machineMethods(subject), (text) => port.write(text))
  const port = new Port(device, { onData: (data) => server.push(data), onAway: () => server.hangUp() })
  port.start()
  void server.greet()
}

/** In a worker: does what the primary orders. */
export function obey(order: Order): Promise<void> {
  return obeyWith(order, appMethods)
}
