/** How much of SQL must be known to tell a single query from anything else; the database itself does the rest. */

/** In the order of PostgreSQL's own lexer: quoted text, quoted names, dollar quotes, comments to the end of a line. */
const HIDDEN =
  /\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*/g;
const BLOCK_COMMENT = /\/\*(?:(?!\/\*|\*\/)[\s\S])*\*\//;

/** Whether a text is one SELECT (or WITH ... SELECT), with at most one semicolon, at its end. */
export function isSingleSelect(text: string): boolean {
  const bare = withoutComments(text.replace(HIDDEN, (part) => (part.startsWith('--') ? ' ' : ' x '))).trim();
  const statement = bare.endsWith(';') ? bare.slice(0, -1) : bare;
  return !statement.includes(';') && /^\(*\s*(?:select|with)\b/i.test(statement);
}

/** Comments in PostgreSQL nest: the innermost go first. */
function withoutComments(text: string): string {
  let bare = text;
  while (BLOCK_COMMENT.test(bare)) bare = bare.replace(BLOCK_COMMENT, ' ');
  return bare;
}
