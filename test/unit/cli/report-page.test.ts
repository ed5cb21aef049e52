import { describe, expect, it } from 'vitest';
import { type ReportedFinding, reportPage } from '../../../bin/commands/report-page.ts';

const finding: ReportedFinding = {
  ...{
    kind: 'stray-user',
    subject: '<img src=x onerror=alert(1)>',
    status: 'open',
    detail: `a "quoted" & 'single' reason`,
    wouldHave: 'none',
  },
  ...{ firstSeenAt: '2026-11-24T15:00:00.000Z', lastSeenAt: '2026-11-24T16:00:00.000Z' },
};

describe('the page of the orphan report', () => {
  const page = reportPage([finding, { ...finding, subject: 'b' }], new Date('2026-11-24T17:00:00Z'));

  it('shows names from the account as text, whatever somebody called a user', () => {
    expect(page).not.toContain('<img');
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;');
    expect(page).toContain('a &#34;quoted&#34; &#38; &#39;single&#39; reason');
  });

  it('needs nothing from anywhere else, and allows nothing', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<link|https?:/);
  });

  it('counts by kind, and says so where there is nothing', () => {
    expect(page).toContain('2 findings (2 × stray-user)');
    expect(reportPage([], new Date(0))).toContain('None: everything');
  });
});
