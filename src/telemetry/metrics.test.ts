import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

describe('metrics', () => {
  it('count decisions by verdict and reason', async () => {
    const metrics = createMetrics();
    metrics.decision('deny', 'trust.unsigned');
    metrics.decision('deny', 'trust.unsigned');
    metrics.decision('allow');
    const text = await metrics.text();
    expect(text).toContain('tufgate_decisions_total{verdict="deny",reason="trust.unsigned"} 2');
    expect(text).toContain('tufgate_decisions_total{verdict="allow",reason=""} 1');
  });

  it('show the nearest expiry of a source, counted when asked', async () => {
    const metrics = createMetrics(() => NOW);
    metrics.trustExpires('vendor', 'a', NOW + 9 * DAY);
    metrics.trustExpires('vendor', 'b', NOW + 2 * DAY);
    expect(await metrics.text()).toContain('tufgate_trust_expires_days{source="vendor"} 2\n');
    metrics.trustForget('vendor', 'b');
    expect(await metrics.text()).toContain('tufgate_trust_expires_days{source="vendor"} 9\n');
  });

  it('name the collections that end soon, and no more of them than a dashboard can show', async () => {
    const metrics = createMetrics(() => NOW);
    metrics.trustExpires('vendor', 'later', NOW + 31 * DAY);
    for (let n = 0; n < 150; n++) metrics.trustExpires('vendor', `app${n}`, NOW + (n + 1) * (DAY / 10));
    const shown = (await metrics.text()).split('\n').filter((line) => line.startsWith('tufgate_trust_collection_'));
    expect(shown).toHaveLength(100);
    expect(shown[9]).toBe('tufgate_trust_collection_expires_days{source="vendor",gun="app9"} 1');
    expect(shown.join()).not.toContain('later');
  });

  it('count down to the end of approvals, and count those that end soon', async () => {
    const clock = { now: NOW };
    const metrics = createMetrics(() => clock.now);
    metrics.approvalsEnd('approvals', [NOW + 2 * DAY, NOW + 30 * DAY, NOW + 31 * DAY]);
    metrics.approvalsEnd('other', []);
    const shown = async () => (await metrics.text()).split('\n').filter((line) => line.startsWith('tufgate_approval'));
    expect(await shown()).toEqual([
      'tufgate_approval_expires_days{source="approvals"} 2',
      'tufgate_approvals_ending{source="approvals"} 2',
      'tufgate_approvals_ending{source="other"} 0',
    ]);
    clock.now += 3 * DAY;
    expect(await shown()).toContain('tufgate_approval_expires_days{source="approvals"} 27');
    expect(await shown()).toContain('tufgate_approvals_ending{source="approvals"} 2');
    metrics.approvalsEnd('approvals', []);
    expect(await shown()).not.toContain('approval_expires_days');
  });

  it('class status codes, and no answer as none', async () => {
    const metrics = createMetrics();
    metrics.upstreamRequest('docker.io', 404);
    metrics.upstreamRequest('docker.io');
    const text = await metrics.text();
    expect(text).toContain('tufgate_upstream_requests_total{upstream="docker.io",status="4xx"} 1');
    expect(text).toContain('tufgate_upstream_requests_total{upstream="docker.io",status="none"} 1');
  });

  it('show what an upstream says of its limit, and the last that it said where it says nothing', async () => {
    const metrics = createMetrics();
    metrics.upstreamQuota('docker.io', { limit: 100, remaining: 76 });
    metrics.upstreamQuota('docker.io', { remaining: 75 });
    metrics.upstreamQuota('docker.io', {});
    const text = await metrics.text();
    expect(text).toContain('tufgate_upstream_ratelimit_limit{upstream="docker.io"} 100\n');
    expect(text).toContain('tufgate_upstream_ratelimit_remaining{upstream="docker.io"} 75\n');
  });

  it('show one state of a circuit at a time', async () => {
    const metrics = createMetrics();
    const shown = async () =>
      (await metrics.text()).split('\n').filter((line) => /^tufgate_upstream_circuit\{.*1$/.test(line));
    for (const state of ['closed', 'open', 'half-open'] as const) {
      metrics.upstreamCircuit('docker.io', state);
      expect(await shown()).toEqual([`tufgate_upstream_circuit{upstream="docker.io",state="${state}"} 1`]);
    }
  });

  it('hold no more routes than there can be', async () => {
    const metrics = createMetrics();
    for (let n = 0; n < 500; n++) metrics.http(`route${n}`, 200, 0.1);
    const text = await metrics.text();
    expect(text).not.toContain('route499');
    expect(text).toContain('tufgate_http_request_seconds_count{route="other",status="2xx"} 460');
  });

  it('include the lag of the event loop, and two registries do not meet', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.cacheHit(10);
    expect(await one.text()).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(await other.text()).toContain('tufgate_cache_served_bytes_total 0');
  });
});
