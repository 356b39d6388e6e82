/** What `spaceship.config.ts` imports: `export default defineConfig({ ... })`. */

export { type Config, defineConfig, type Variables } from './config.ts'
