import type { ValidateFunction } from 'ajv'
import type { SystemConfig } from './system.types.ts'

export declare const validate: ValidateFunction<SystemConfig>
