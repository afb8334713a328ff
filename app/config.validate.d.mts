import type { ValidateFunction } from 'ajv'
import type { BalancerConfig } from './config.types.ts'

export declare const validate: ValidateFunction<BalancerConfig>
