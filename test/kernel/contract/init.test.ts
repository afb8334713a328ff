import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { initKeys, initLimits } from '../../../kernel/contract/init-conf.ts'
import { guestPaths } from '../../../kernel/contract/paths.ts'
import { root } from '../../../config/lib/paths.ts'

/** init is C and cannot import the contract, so its constants are read from the sources. */
function source(name: string): string {
  return readFileSync(join(root, 'kernel/init', name), 'utf8')
}

function constant(text: string, name: string): string | undefined {
  return new RegExp(`^#define ${name} (?:"(.+)"|(\\d+))$`, 'm').exec(text)?.slice(1).find(Boolean)
}

await t.test('the limits of init.conf are those of init', async (t) => {
  const header = source('init.h')
  t.strictSame(initLimits, {
    arguments: Number(constant(header, 'MAX_ARGS')),
    variables: Number(constant(header, 'MAX_ENV')),
    bytes: Number(constant(header, 'MAX_CONF')) - 1,
  })
})

await t.test('the keys of init.conf are those that init reads', async (t) => {
  const parser = source('conf.c')
  const texts = [...parser.matchAll(/strcmp\(key, "([^"]+)"\)/g)].map(([, key = '']) => key)
  const numbers = [...parser.matchAll(/^\tNUMBER\("([^"]+)"/gm)].map(([, key = '']) => key)
  t.strictSame([...initKeys].sort(), [...texts, ...numbers].sort())
})

await t.test('the ranges of the schema are those that init accepts', async (t) => {
  const schema = JSON.parse(readFileSync(join(root, 'config/system.schema.json'), 'utf8')) as {
    properties: { restart: { properties: Record<string, { minimum?: number; maximum?: number }> } }
  }
  const header = source('init.h')
  const value = (text: string): number => Number(constant(header, text) ?? text)
  const ranges = [...source('conf.c').matchAll(/^\tNUMBER\("([^"]+?)(?:-m?s)?", \w+, (\w+), (\w+)\)/gm)]
  const accepted = new Map(
    ranges.map(([, key = '', least = '', most = '']) => [key, [value(least), value(most)]]),
  )
  for (const [key, { minimum, maximum }] of Object.entries(schema.properties.restart.properties)) {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    if (key !== 'exitZero') t.strictSame([minimum, maximum], accepted.get(name), key)
  }
})

await t.test('the paths are those that init uses', async (t) => {
  const [main, platform] = [source('main.c'), source('platform.c')]
  t.equal(constant(main, 'CONF'), guestPaths.initConf)
  t.equal(constant(platform, 'LOG_FIFO'), guestPaths.logFifo)
  t.equal(constant(platform, 'DATA'), guestPaths.data)
  t.equal(constant(platform, 'ZONES'), guestPaths.zones)
  for (const path of [guestPaths.app, guestPaths.localtime, guestPaths.hosts, guestPaths.resolvConf])
    t.ok(platform.includes(`"${path}"`), path)
})
