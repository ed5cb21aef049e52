import { describe, expect, it } from 'vitest';
import { newReport, scene } from '../../../local/play/report.ts';

const claims = { one: 'the first claim', two: 'the second claim' };

/** What a play of one scene ends with. */
async function playing(play: Parameters<typeof scene<'one' | 'two', string>>[3]) {
  const printed: string[] = [];
  const report = newReport((text) => printed.push(text));
  const result = await scene(report, 'A scene', claims, play);
  return { result, wrong: report.wrong(), printed: printed.join('\n') };
}

describe('a report of the play', () => {
  it('is right when every claim was shown and held', async () => {
    const played = await playing(async ({ check, line }) => {
      line('something happened');
      check('one', true);
      check('two', true);
      return 'done';
    });
    expect(played).toMatchObject({ result: 'done', wrong: [] });
    expect(played.printed).toMatch(/A scene[\s\S]*something happened[\s\S]*ok.*the first claim[\s\S]*ok.*the second claim/);
  });

  it.each<readonly [string, Parameters<typeof playing>[0], readonly string[]]>([
    [
      'a claim does not hold',
      async ({ check }) => {
        check('one', false, 'it is so and so');
        check('two', true);
        return '';
      },
      ['the first claim: it is so and so'],
    ],
    [
      'a claim is never shown',
      async ({ check }) => {
        check('one', true);
        return '';
      },
      ['the second claim: not shown'],
    ],
    [
      'something breaks on the way',
      async ({ check }) => {
        check('one', true);
        throw new Error('not within 90 s');
      },
      ['the second claim: not shown, since not within 90 s'],
    ],
    [
      'something breaks after the last claim',
      async ({ check }) => {
        check('one', true);
        check('two', true);
        throw new Error('late');
      },
      ['A scene: late'],
    ],
    [
      'a claim is checked more than once, and fails once',
      async ({ check }) => {
        check('one', false, 'the second of three');
        check('one', true);
        check('two', true);
        return '';
      },
      ['the first claim: the second of three'],
    ],
  ])('is wrong when %s', async (_name, play, wrong) => {
    expect((await playing(play)).wrong).toEqual(wrong);
  });

  it('is wrong when nothing was held against anything', () => {
    expect(newReport(() => undefined).wrong()).toHaveLength(1);
  });
});
