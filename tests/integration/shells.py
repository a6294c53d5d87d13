# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the real shells offer for the programs' command lines: {word: description} for a line on which the tab key is hit,
with the scripts that the programs print, in an empty home.
"""
import os

from conftest import BUILD, run

# Typed into an interactive zsh: compadd, which every completion ends in, tells what it was given; the line that is there
# at the end is told too.
ZSH_INSIDE = r"""
PS1=
stty columns 400
fpath=("$FUNCTIONS" $fpath)
autoload -Uz compinit && compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' insert-tab false
compadd() {
    local -a words texts hidden before after
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
    local at=${@[(i)-d]}
    (( at < $# )) && [[ ${@[at+1]} != \(* ]] && texts=("${(@P)${@[at+1]}}")
    builtin compadd -A words -D texts "$@"
    local i
    for ((i = 1; i <= $#words; i++)); do print -r -- "WORD	$IPREFIX$words[i]	$texts[i]" >>"$ANSWER"; done
    builtin compadd "$@"
}
tell() { print -r -- "LINE	$BUFFER" >>"$ANSWER"; print THE-END; exit }
zle -N tell
bindkey '^X' tell
print READY
"""
ZSH = r"""
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell ". $INSIDE"
zpty -r -m shell line $'*READY\r\n*'
zpty -w -n shell "$LINE"$'\t\x18'
zpty -r -m shell line '*THE-END*' || print "it ended"
"""
BASH = r"""
compopt() { :; }
. "$SCRIPT"
read -ra COMP_WORDS <<<"${LINE//=/ = }"
[[ $LINE == *[' =']  && $LINE != *= ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
function=$(complete -p "${COMP_WORDS[0]}") && function=${function#*-F }
${function%% *} && printf '%s\n' "${COMPREPLY[@]}"
"""


def script(shell, program, directory):
    path = directory / shell / {"bash": program, "zsh": f"_{program}", "fish": f"{program}.fish"}[shell]
    path.parent.mkdir(exist_ok=True)
    path.write_text(run(BUILD / program, "completion", shell).stdout)
    return path


def environment(directory, line, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(directory), "TERM": "dumb", "LC_ALL": "C.UTF-8", "LINE": line,
            **{name: str(value) for name, value in more.items()}}


def typed_into_zsh(directory, line):
    """What zsh offers, and the line that it makes of this one."""
    functions = script("zsh", line.split()[0], directory).parent
    inside, answer = directory / "inside.zsh", directory / "answer"
    inside.write_text(ZSH_INSIDE)
    answer.write_text("")
    result = run("zsh", "-f", "-c", ZSH, cwd=directory,
                 env=environment(directory, line, FUNCTIONS=functions, INSIDE=inside, ANSWER=answer))
    assert not result.stdout and not result.stderr, result
    told = [answer_line.split("\t") for answer_line in answer.read_text().splitlines()]
    made = [words[1] for words in told if words[0] == "LINE"]
    return {words[1]: words[2].partition("-- ")[2] for words in told if words[0] == "WORD"}, made[0]


def zsh(directory, line):
    return typed_into_zsh(directory, line)[0]


def fish(directory, line):
    path = script("fish", line.split()[0], directory)
    result = run("fish", "-c", 'source "$SCRIPT"; complete -C "$LINE"', cwd=directory,
                 env=environment(directory, line, SCRIPT=path))
    assert not result.stderr
    return dict(answer.partition("\t")[::2] for answer in result.stdout.splitlines())


def bash(directory, line):
    """bash has no descriptions."""
    path = script("bash", line.split()[0], directory)
    result = run("bash", "-c", BASH, cwd=directory, env=environment(directory, line, SCRIPT=path))
    assert not result.stderr
    return dict.fromkeys(result.stdout.split(), "")
