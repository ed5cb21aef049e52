import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const sources = globSync('{bin,lib,functions,local}/**/*.ts');
const pure = sources.filter((path) => /^lib\/(domain|application|contract)\//.test(path));

describe('every source file', () => {
  it('is there to be looked at', () => expect(sources.length).toBeGreaterThan(20));
  it.each(sources)('%s has at most 300 lines', (path) => {
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThanOrEqual(301);
  });
  it.each(sources)('%s leaves nothing for later and silences no checker', (path) => {
    expect(readFileSync(path, 'utf8')).not.toMatch(/\b(TODO|FIXME|XXX)\b|@ts-(ignore|expect-error|nocheck)|\bas any\b|: any\b/);
  });
});

describe('the core', () => {
  it.each(pure)('%s has no clock, chance, environment or output of its own', (path) => {
    expect(readFileSync(path, 'utf8')).not.toMatch(/\bDate\.now|new Date\(\)|Math\.random|randomUUID|process\.|\bconsole\./);
  });
});

describe('every test', () => {
  it.each(globSync('test/**/*.ts').filter((path) => !path.endsWith('tidy.test.ts')))('%s runs whole', (path) => {
    expect(readFileSync(path, 'utf8')).not.toMatch(/\b(it|test|describe)\.(only|todo)\(/);
  });
});
