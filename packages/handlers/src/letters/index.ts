export { bytesOf, folderOf, letterIn, nameOf } from './form.ts'
