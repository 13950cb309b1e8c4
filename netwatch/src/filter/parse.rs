//! From words to an expression.

use std::ops::Range;

use super::{
    Fault, Key, Lookup, Op, Operand, Operators, ParseError,
    condition::Condition,
    expr::Expr,
    keys::{key, near_key},
    lexer::{Kind, Token, tokens},
    states::{STATE_WORDS, States},
    suggest::near,
};

/// So many expressions may stand one in another.
const DEEPEST: usize = 64;

type Wrong = (Range<usize>, Fault);
type Parsed<T> = Result<T, Wrong>;

/// Understands an expression; None where there is none.
///
/// # Errors
///
/// It can't be understood.
pub fn parse(text: &str, lookup: &dyn Lookup) -> Result<Option<Expr>, ParseError> {
    whole(text, lookup).map_err(|(span, fault)| ParseError {
        text: text.to_owned(),
        span,
        fault,
    })
}

fn whole(text: &str, lookup: &dyn Lookup) -> Parsed<Option<Expr>> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        tokens: &tokens,
        end: text.len(),
        lookup,
    };
    let expr = parser.chain(DEEPEST)?;
    match parser.tokens.first() {
        None if expr.depth() > DEEPEST => Err(too_deep(&tokens[0])),
        None => Ok(Some(expr)),
        Some(token) => Err(wrong(token, "no parenthesis is open here")),
    }
}

fn wrong(token: &Token, explanation: impl Into<String>) -> Wrong {
    (token.span.clone(), Fault::new(explanation))
}

struct Parser<'a> {
    /// Those to come.
    tokens: &'a [Token],
    end: usize,
    lookup: &'a dyn Lookup,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    /// Conditions and what joins them. As for ss, `and` and `or` bind alike, from left to right.
    fn chain(&mut self, room: usize) -> Parsed<Expr> {
        let mut left = self.negatable(room)?;
        let mut joined_by_or = None;
        while let Some(token) = self.tokens.first() {
            let by_or = token.kind == Kind::Or;
            left = match token.kind {
                Kind::Close => break,
                Kind::Or => {
                    self.next();
                    left.or(self.operand(token, room)?)
                }
                Kind::And => {
                    self.next();
                    left.and(self.operand(token, room)?)
                }
                _ => left.and(self.negatable(room)?),
            };
            // Only a change from one to the other makes it deeper.
            if joined_by_or.replace(by_or) != Some(by_or) && left.depth() > DEEPEST {
                return Err(too_deep(token));
            }
        }
        Ok(left)
    }

    fn operand(&mut self, joining: &Token, room: usize) -> Parsed<Expr> {
        let missing = || wrong(joining, "a condition is missing behind this");
        match self.tokens.first().map(|token| &token.kind) {
            None | Some(Kind::Close) => Err(missing()),
            _ => self.negatable(room),
        }
    }

    fn negatable(&mut self, room: usize) -> Parsed<Expr> {
        let mut negated = false;
        let mut last = None;
        while let Some(token) = self.tokens.first().filter(|token| token.kind == Kind::Not) {
            self.next();
            negated = !negated;
            last = Some(token);
        }
        let expr = match last {
            Some(token) => self.operand(token, room)?,
            None => self.condition(room)?,
        };
        Ok(if negated { expr.negated() } else { expr })
    }

    fn condition(&mut self, room: usize) -> Parsed<Expr> {
        let Some(token) = self.next() else {
            return Err((
                self.end..self.end,
                Fault::new("a condition is missing here"),
            ));
        };
        match &token.kind {
            Kind::Open => self.inside(token, room),
            Kind::Close => Err(wrong(token, "no parenthesis is open here")),
            Kind::And | Kind::Or => Err(wrong(token, "a condition is missing before this")),
            Kind::Op(_) => Err(wrong(
                token,
                "a key is missing before this, as in port = 443",
            )),
            Kind::Not => self.operand(token, room),
            Kind::Quoted(_) => Err(wrong(
                token,
                "a key is missing before this, as in comm \"a b\"",
            )),
            Kind::Word(word) => match key(word) {
                Some(key) if selects_states(key) => self.states(key, token),
                Some(key) => self.keyed(key, token),
                None => Err((token.span.clone(), self.unknown(word))),
            },
        }
    }

    fn inside(&mut self, open: &Token, room: usize) -> Parsed<Expr> {
        let room = room.checked_sub(1).ok_or_else(|| too_deep(open))?;
        if let Some(Token {
            kind: Kind::Close,
            span,
        }) = self.tokens.first()
        {
            let nothing = Fault::new("there is nothing between these parentheses");
            return Err((open.span.start..span.end, nothing));
        }
        if self.tokens.is_empty() {
            return Err(wrong(open, "this parenthesis is never closed"));
        }
        let expr = self.chain(room)?;
        match self.next() {
            Some(_) => Ok(expr),
            None => Err(wrong(open, "this parenthesis is never closed")),
        }
    }

    /// `state` and `exclude` one after another make one set, as for ss.
    fn states(&mut self, first: &'static Key, token: &'a Token) -> Parsed<Expr> {
        let mut set = if excludes(first) {
            States::ALL
        } else {
            States::NONE
        };
        let (mut key, mut token) = (first, token);
        loop {
            let (op, value) = self.value(key, token)?;
            let named = States::named(text(value)).map_err(|fault| (value.span.clone(), fault))?;
            set = match (excludes(key), op) {
                (true, _) => set.without(named),
                (false, Op::Different) => set.with(States::ALL.without(named)),
                (false, _) => set.with(named),
            };
            match self.tokens.first().map(|next| (next, state_key(next))) {
                Some((next, Some(further))) => {
                    self.next();
                    (key, token) = (further, next);
                }
                _ => return Ok(Condition::States(set).into()),
            }
        }
    }

    fn keyed(&mut self, key: &'static Key, token: &'a Token) -> Parsed<Expr> {
        if key.operators == Operators::Nothing {
            if let Some(Token {
                kind: Kind::Op(_),
                span,
            }) = self.tokens.first()
            {
                return Err((span.clone(), Fault::new(takes(key))));
            }
            let operand = Operand {
                op: Op::Equal,
                text: "",
            };
            return (key.parse)(operand, self.lookup).map_err(|fault| (token.span.clone(), fault));
        }
        let (op, value) = self.value(key, token)?;
        let parse = |text: &str, span: Range<usize>| {
            (key.parse)(Operand { op, text }, self.lookup).map_err(|fault| (span, fault))
        };
        let is_list = matches!(&value.kind, Kind::Word(word) if word.contains(','));
        if !is_list || !op.is_equality() {
            return parse(text(value), value.span.clone());
        }
        // A list is one of its parts; not in a list is none of them.
        let mut start = value.span.start;
        let mut list: Option<Expr> = None;
        for part in text(value).split(',') {
            let expr = parse(part, start..start + part.len())?;
            start += part.len() + 1;
            list = Some(match (list, op) {
                (None, _) => expr,
                (Some(list), Op::Different) => list.and(expr),
                (Some(list), _) => list.or(expr),
            });
        }
        list.ok_or_else(|| needs_value(key, token))
    }

    /// The operator and the value behind a key.
    fn value(&mut self, key: &'static Key, token: &'a Token) -> Parsed<(Op, &'a Token)> {
        let mut before = token;
        let mut op = None;
        if let Some(Token {
            kind: Kind::Op(written),
            ..
        }) = self.tokens.first()
        {
            before = self.next().unwrap_or(token);
            if !key.operators.takes(*written) {
                return Err((before.span.clone(), Fault::new(takes(key))));
            }
            op = Some(*written);
        }
        match self.tokens.first() {
            Some(value) if matches!(value.kind, Kind::Word(_) | Kind::Quoted(_)) => {
                if op.is_none() && key.operators == Operators::Measure {
                    let compared = format!("{} > {}", key.name, text(value));
                    return Err((
                        token.span.clone(),
                        Fault::new(takes(key)).suggesting(Some(compared)),
                    ));
                }
                self.next();
                Ok((op.unwrap_or(Op::Equal), value))
            }
            _ => Err(needs_value(key, before)),
        }
    }

    fn unknown(&self, word: &str) -> Fault {
        let fault = Fault::is_no(word, "word of a filter");
        if let Some(command) = near(word, self.lookup.commands().iter().copied()) {
            // A key that is nearer is likelier.
            let words = near_key(word).into_iter().chain([command]);
            if near(word, words) == Some(command) {
                return fault.suggesting(Some(format!("the command {command}")));
            }
        }
        let state = || {
            let name = word.to_ascii_lowercase().replace('_', "-");
            let known = near(&name, STATE_WORDS.iter().map(|row| row.0))?;
            Some(format!("state {known}"))
        };
        let value = || {
            let is_port = word
                .strip_prefix(':')
                .unwrap_or(word)
                .parse::<u16>()
                .is_ok();
            let is_addr = super::host::network(word).is_some();
            let key = is_addr.then_some("host").or(is_port.then_some("port"))?;
            Some(format!("{key} {word}"))
        };
        let near = near_key(word).map(str::to_owned);
        match value().or(near).or_else(state) {
            None => Fault::new(format!(
                "{}, as tcp, port, host, comm and state are",
                fault.explanation
            )),
            suggestion => fault.suggesting(suggestion),
        }
    }
}

fn text(token: &Token) -> &str {
    match &token.kind {
        Kind::Word(word) | Kind::Quoted(word) => word,
        _ => "",
    }
}

fn too_deep(token: &Token) -> Wrong {
    wrong(
        token,
        format!("more than {DEEPEST} expressions stand one in another here"),
    )
}

fn needs_value(key: &Key, token: &Token) -> Wrong {
    let Key { name, example, .. } = key;
    wrong(
        token,
        format!("a value of {name} is missing behind this, as in {example}"),
    )
}

fn takes(key: &Key) -> String {
    let Key { name, example, .. } = key;
    match key.operators {
        Operators::Nothing => format!("{name} takes no value"),
        Operators::Blank => format!("{name} takes no operator: {example}"),
        Operators::Equality => format!("{name} takes = and != only, as in {example}"),
        Operators::Order | Operators::Measure => {
            format!("{name} takes a comparison, as in {example}")
        }
    }
}

fn selects_states(key: &Key) -> bool {
    key.name == "state" || excludes(key)
}

fn excludes(key: &Key) -> bool {
    key.name == "exclude"
}

fn state_key(token: &Token) -> Option<&'static Key> {
    match &token.kind {
        Kind::Word(word) => key(word).filter(|key| selects_states(key)),
        _ => None,
    }
}
