import { readFileSync } from 'node:fs'
import { Home } from '../../../../deploy/host/home.ts'
import { setUpRepository, trust } from '../../../../deploy/host/repository.ts'

/** Sets up the repository of an appliance without the service. Arguments: home, name, public key. */

const [path, name = '', key = ''] = process.argv.slice(2)
const home = new Home(path)
await setUpRepository(home, name)
await home.saveSettings(name, await home.settings(name))
await trust(home, name, readFileSync(key, 'utf8'))
