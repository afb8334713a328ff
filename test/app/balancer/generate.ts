/** A part of a JSON Schema, as far as config/app.schema.json uses them. */
export interface Schema {
  type?: string
  enum?: readonly unknown[]
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  required?: readonly string[]
  items?: Schema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
}

/** What somebody may write where text is expected: right here, wrong there. */
const texts = [
  ...[
    'a',
    'b',
    'web',
    '/',
    '/api',
    '/%zz',
    'example.org',
    '*.example.org',
    'EXAMPLE.org',
    'é',
    '',
    ' ',
    '\0',
  ],
  ...[
    '127.0.0.1:1',
    '[::1]:80',
    'host:99999',
    'host:0',
    'x:1:1',
    '[::]:1',
    '[zz]:1',
    '[:::]:1',
    '.:1',
    '-:1',
  ],
  ...[
    '10.0.0.0/8',
    '10.0.0.0/33',
    '::/129',
    '::/0',
    '1.2.3.4',
    '1.2.3',
    ':',
    '1.2.3.4/',
    '::ffff:1.2.3.4/96',
  ],
  ...['env:CRT', 'env:', 'env:1', 'config/x.crt', '__proto__', 'constructor', 'toString', 'x'.repeat(300)],
]
const oddities: readonly unknown[] = [null, true, -1, 0.5, 1e308, 2 ** 53, '', [], {}, [[]], '1', 'NaN']

/** Values that mostly fit a schema, and sometimes not at all; the same for the same numbers. */
export class Generator {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  oneOf<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  text(): string {
    return this.oneOf(texts)
  }

  oddity(): unknown {
    return this.oneOf(oddities)
  }

  value(schema: Schema): unknown {
    if (this.chance(0.02)) return this.oddity()
    if (schema.enum !== undefined) return this.oneOf(schema.enum)
    switch (schema.type) {
      case 'object':
        return this.#object(schema)
      case 'array':
        return Array.from({ length: this.oneOf([0, 1, 1, 2]) }, () => this.value(schema.items ?? {}))
      case 'integer':
        return Math.round(this.#number(schema))
      case 'number':
        return this.#number(schema)
      case 'boolean':
        return this.chance(0.5)
      default:
        return this.text()
    }
  }

  #number({ minimum, exclusiveMinimum, maximum = 100 }: Schema): number {
    const least = minimum ?? exclusiveMinimum ?? 0
    return this.chance(0.03) ? this.oneOf([least - 1, maximum + 1]) : this.oneOf([least, maximum, least + 1])
  }

  #object({ properties = {}, additionalProperties, required = [] }: Schema): object {
    const entries = Object.entries(properties)
      .filter(([name]) => this.chance(required.includes(name) ? 0.99 : 0.4))
      .map(([name, schema]) => [name, this.value(schema)] as const)
    const others = typeof additionalProperties === 'object' ? ['a', 'b', 'web'] : []
    for (const name of others) entries.push([name, this.value(additionalProperties as Schema)])
    if (this.chance(0.02)) entries.push([this.text(), this.oddity()])
    return Object.fromEntries(entries)
  }
}
