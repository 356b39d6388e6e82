/**
 * Ends what a killed process left in the middle of a write, before anybody else writes.
 *
 * | it left                        | then                                                      |
 * |--------------------------------|-----------------------------------------------------------|
 * | a write that is in the table   | it is captured                                            |
 * | a write that is not            | nothing                                                   |
 * | a transaction                  | what is there of it is taken back: nobody was answered    |
 * | settings of a deleted table    | they are forgotten                                        |
 */

import type { AwsCall } from '../http/index.ts'
import type { Capture } from './capture.ts'
import type { Tables } from './tables.ts'
import type { Begun, Unfinished } from './unfinished.ts'

export interface RecoveryOptions {
  readonly dynalite: AwsCall
  readonly tables: Tables
  readonly capture: Capture
  readonly unfinished: Unfinished
  /** What is kept of tables, by their names. */
  readonly settings: readonly { named(): readonly string[]; forget(table: string): void }[]
}

export async function recover(options: RecoveryOptions): Promise<void> {
  const { dynalite, tables, capture, unfinished, settings } = options
  for (const kept of settings) {
    for (const table of kept.named()) {
      if ((await tables.keySchema(table)) === undefined) kept.forget(table)
    }
  }
  for (const { id, write } of unfinished.left()) {
    if (write.whole) {
      await takeBack(dynalite, write)
      unfinished.end(id, () => {})
    } else await capture.recapture(id, write)
  }
}

async function takeBack(dynalite: AwsCall, { touched }: Begun): Promise<void> {
  for (const { table, key, before } of touched) {
    await (before === undefined
      ? dynalite('DeleteItem', { TableName: table, Key: key })
      : dynalite('PutItem', { TableName: table, Item: before }))
  }
}
