import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/unit/{domain,feed,token,application}/**/*.test.ts'] } });
