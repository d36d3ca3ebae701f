# Bash completion for koegura. Commands, options and values are read from koegura's own help, so
# that there is nothing here to keep up to date.

_koegura_calls() {
  # Newest first. Quiet where there is no archive, or none that this user may read.
  koegura "${archive[@]}" calls --limit 50 --json 2>/dev/null |
    sed -n 's/^{"id":"\([0-9A-Z]\{26\}\)".*/\1/p'
}

_koegura_options() {
  koegura $command --help 2>/dev/null | grep -oE -- '(^|[ ,])--[a-z][a-z0-9-]*' | tr -d ' ,'
}

# "--format X" gives the three words of "--format X   …: wav | flac | opus", "ACTION" those of the argument.
_koegura_values() {
  koegura $command --help 2>/dev/null | tr -s ' \n' ' ' |
    sed -n "s/.* $1 [^:]*: \([a-z-]*\( | [a-z-]*\)*\).*/\1/p" | tr -d '|'
}

_koegura() {
  local cur prev words cword
  _init_completion || return

  local command= action= archive=() i
  for ((i = 1; i < cword; i++)); do
    case ${words[i]} in
      --archive) archive=(--archive "${words[++i]}") ;;
      --config) ((i++)) ;;
      -*) ;;
      *) if [[ ! $command ]]; then command=${words[i]}; else action=${words[i]}; fi ;;
    esac
  done

  case $prev in
    --archive | --audio) _filedir -d; return ;;
    --to) if [[ $command == export ]]; then _filedir -d; return; fi ;;
    --config | --read | --since | --output | --truth | --write | -o | -w) _filedir; return ;;
  esac
  if [[ $command =~ ^(calls|export)$ && $prev == --conversation ]]; then
    COMPREPLY=($(compgen -W "$(_koegura_calls)" -- "${cur^^}"))
    return
  fi
  if [[ $prev == --* ]]; then
    local values=$(_koegura_values "$prev X")
    if [[ $values ]]; then
      COMPREPLY=($(compgen -W "$values" -- "$cur"))
      return
    fi
  fi

  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$(_koegura_options)" -- "$cur"))
  elif [[ ! $command ]]; then
    local commands=$(koegura --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  else
    case $command in
      record) _filedir ;;
      verify) _filedir -d ;;
      directory)
        if [[ ! $action ]]; then
          COMPREPLY=($(compgen -W "$(_koegura_values ACTION)" -- "$cur"))
        elif [[ $action == import ]]; then
          _filedir
        fi ;;
      ledger)
        if [[ ! $action ]]; then
          COMPREPLY=($(compgen -W "$(_koegura_values ACTION)" -- "$cur"))
        elif [[ $action == prove ]]; then
          COMPREPLY=($(compgen -W "$(_koegura_calls)" -- "${cur^^}"))
        fi ;;
      hold)
        if [[ ! $action ]]; then
          COMPREPLY=($(compgen -W "$(_koegura_values ACTION)" -- "$cur"))
        elif [[ $action != list ]]; then
          COMPREPLY=($(compgen -W "$(_koegura_calls)" -- "${cur^^}"))
        fi ;;
      retention)
        if [[ ! $action ]]; then COMPREPLY=($(compgen -W "$(_koegura_values ACTION)" -- "$cur")); fi ;;
      show | ladder | audio | export | fax | packets | note)
        COMPREPLY=($(compgen -W "$(_koegura_calls)" -- "${cur^^}")) ;;
    esac
  fi
} && complete -F _koegura koegura
