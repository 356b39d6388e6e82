/** The room of what outlives the process: a folder with its lock, and small tables in it. */

export { atomic, openDatabase } from './database.ts'
export { NO_SHELF, type Shelf } from './shelf.ts'
export { NO_DATA, openData, type ShipData } from './ship-data.ts'
