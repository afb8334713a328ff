import t from 'tap'
import { keepsData } from '../../data.ts'

await keepsData(t, 'git')
