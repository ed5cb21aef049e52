export interface ReportedFinding {
  readonly kind: string;
  readonly subject: string;
  readonly status: string;
  readonly detail: string;
  readonly wouldHave: string;
  readonly credential?: string;
  readonly owner?: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } p { color: GrayText; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; }
td.status-open { font-weight: 600; } code { font-size: .9em; word-break: break-all; }
@media print { th { position: static; } }
`;

/** Text from the account goes into the page as text, whatever somebody named a user. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** One page that needs nothing from anywhere else. */
export function reportPage(findings: readonly ReportedFinding[], at: Date): string {
  const counts = [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, of]) => `${of.length} × ${kind}`);
  const rows = findings.map(
    ({ kind, subject, status, wouldHave, detail, owner = '', firstSeenAt }) => `<tr>
<td>${escaped(kind)}</td><td><code>${escaped(subject)}</code></td><td class="status-${escaped(status)}">${escaped(status)}</td>
<td>${escaped(wouldHave === 'none' ? '' : wouldHave)}</td><td>${escaped(detail)}</td><td><code>${escaped(owner)}</code></td>
<td><time datetime="${escaped(firstSeenAt)}">${escaped(firstSeenAt.replace('T', ' ').slice(0, 16))}</time></td></tr>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Orphaned credentials</title><style>${STYLE}</style></head><body>
<h1>Orphaned credentials</h1>
<p>${escaped(at.toISOString().replace('T', ' ').slice(0, 16))} UTC · ${findings.length} findings${counts.length ? ` (${escaped(counts.join(', '))})` : ''}</p>
${
  rows.length === 0
    ? '<p>None: everything under the manager’s path has a record and an owner.</p>'
    : `<table><thead><tr><th scope="col">Kind</th><th scope="col">User</th><th scope="col">Status</th><th scope="col">Would have</th><th scope="col">Why</th><th scope="col">Owner</th><th scope="col">Since (UTC)</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>`
}
</body></html>
`;
}
