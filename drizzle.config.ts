import { defineConfig } from 'drizzle-kit';

// `npx drizzle-kit generate --name what_changes` writes the next migration; read it before it is committed.
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/models/schema/*.ts',
  out: './migrations',
});
