import { batch, entity, Permanent, reactor } from '@spaceship/core'
import * as z from 'zod'

const parcel = z.object({ id: z.string(), depot: z.string(), grams: z.number() })
export const Parcel = entity('parcel', { table: 'parcels', key: 'id', schema: parcel })
export const scanned = Parcel.saved('parcel.scanned')

/** A row of one scan. The warehouse overwrites a row of the same scan, so what is loaded twice is there once. */
export interface Row extends z.infer<typeof parcel> {
  readonly scan: string
}

export interface Warehouse {
  /** One answer for each row, in their order. */
  insert(rows: readonly Row[], signal: AbortSignal): Promise<readonly ('loaded' | 'busy' | 'wrong')[]>
  /** Takes all rows; or throws and takes none, and does not say which one is wrong. */
  copy(rows: readonly Row[], signal: AbortSignal): Promise<void>
}

export const loading = ({ warehouse }: { warehouse: Warehouse }) =>
  reactor('loading', { retry: { attempts: 3, base: '1s' } })
    .on(
      'insert',
      scanned,
      batch({ size: 500, within: '200ms' }, async (events, { signal }) => {
        const rows = events.map((e) => ({ scan: e.id, ...e.after }))
        const answers = await warehouse.insert(rows, signal)
        return answers.map((answer) => {
          if (answer === 'wrong') return new Permanent('the warehouse refuses the row')
          return answer === 'busy' ? new Error('the partition is busy') : undefined // undefined: done
        })
      }),
    )
    .on(
      'copy',
      scanned,
      batch({ size: 500, within: '200ms' }, async (events, { signal }) => {
        const rows = events.map((e) => ({ scan: e.id, ...e.after }))
        await warehouse.copy(rows, signal)
      }),
    )
