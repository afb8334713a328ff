import { join } from 'node:path'
import { loadRelease } from '../../../deploy/release/dist.ts'
import { copyRepository } from '../workspace.ts'
import type { Figure, Measure } from '../figures.ts'
import { boot } from './boot.ts'
import { size } from './size.ts'

const compressions = ['none', 'lz4', 'zstd', 'xz']

/** Size against boot cost for every `image.compression`, each built in a copy of the repository. */
export function compression(root: string, env: NodeJS.ProcessEnv): Measure {
  return {
    name: 'compression',
    summary: 'boot and sizes with every image.compression; compiles each kernel that is not cached',
    slow: true,
    async run({ runs }) {
      const figures: Figure[] = []
      const copy = copyRepository(root, env)
      try {
        for (const name of compressions) {
          copy.configure({ image: { compression: name } })
          await copy.npm('build')
          const context = { release: await loadRelease(join(copy.root, 'dist')), runs }
          const measured = [...(await boot.run(context)), ...(await size.run(context))]
          figures.push(...measured.map((figure) => relabel(figure, name)))
        }
      } finally {
        copy.remove()
      }
      return figures
    },
  }
}

function relabel(figure: Figure, name: string): Figure {
  return { ...figure, id: `${name}.${figure.id}`, label: `${name}: ${figure.label.trimStart()}` }
}
