export { readAhead } from './ahead.ts'
export { bytesOf, folderOf, letterIn, nameOf } from './form.ts'
