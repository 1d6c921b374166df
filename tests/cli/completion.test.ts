import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { openbell } from '../support/openbell.ts';

/** What bash would offer for a line, the last word being the one under the cursor. */
function offered(script: string, ...words: string[]): string[] {
  const program = `${script}\nCOMP_WORDS=(openbell "$@"); COMP_CWORD=$#; _openbell; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', program, 'bash', ...words], { encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}

describe('openbell completion', () => {
  it('completes commands, inner commands, options and files in bash', async () => {
    const { exitCode, stdout: script } = await openbell(['completion', 'bash']);
    expect(exitCode).toBe(0);
    expect(offered(script, 'tr')).toEqual(['trade', 'trades']);
    expect(offered(script, 'tape', 'ex')).toEqual(['export']);
    expect(offered(script, 'trades', '--s')).toEqual(['--strategy', '--symbol', '--since']);
    expect(offered(script, 'trade', 'tradeplan.example.y')).toEqual(['tradeplan.example.yaml']);
    expect(offered(script, 'trade', 'tradeplan.example.yaml', '--fo')).toEqual(['--for']);
  });

  it('names each command and option to fish, and refuses a shell it does not know', async () => {
    const { stdout } = await openbell(['completion', 'fish']);
    expect(stdout).toContain("-n '__fish_use_subcommand' -a status -d 'show the running daemon");
    expect(stdout).toContain("-n '__fish_seen_subcommand_from trades' -l csv");
    expect(await openbell(['completion', 'tcsh'])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
