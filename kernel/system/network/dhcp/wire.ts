import { closeSync } from 'node:fs'
import type { Native } from '../../../native/binding.ts'
import type { OpenWire } from './client.ts'

const serverPort = 67

/** Sockets on port 68 of the interface with the given index. */
export function openWireOn(native: Pick<Native, 'dhcpSocket'>, index: number): OpenWire {
  return (onData, onError) => {
    // Loaded here: a machine with a static address boots without it.
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const fd = native.dhcpSocket(index)
    // Addresses are literal: the default lookup would load Node's dns module at boot.
    const socket = createSocket({ type: 'udp4', lookup: (name, _, callback) => callback(null, name, 4) })
    try {
      socket.bind({ fd, exclusive: true })
    } catch (error) {
      closeSync(fd)
      throw error
    }
    socket.unref()
    socket.on('message', onData)
    socket.on('error', onError)
    return {
      send: (bytes, to) =>
        socket.send(bytes, serverPort, to, (error) => {
          if (error !== null) onError(error)
        }),
      close() {
        socket.removeAllListeners('message')
        socket.close()
      },
    }
  }
}
