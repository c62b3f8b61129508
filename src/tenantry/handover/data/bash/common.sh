# Exit codes: 0 all is as it should be · 1 refused or failed · 2 not signed in, or in another tenant · 64 wrong usage

say() { printf '%s\n' "$*"; }
fail() { printf 'STOPPED: %s\n' "$1" >&2; exit "${2:-1}"; }

# What Microsoft Graph has at $1, as JMESPath $2 picks it: one line for each row, columns parted by tabs.
graph_read() { az rest --method get --url "$GRAPH_URL$1" --query "$2" --output tsv | tr -d '\r'; }

# Sends body $2 to $1. Microsoft's words for a refusal go to standard error.
graph_write() {
  az rest --method post --url "$GRAPH_URL$1" --headers 'Content-Type=application/json' --body "$2" --output none
}

# has_line TEXT LINE: whether one line of TEXT is exactly LINE.
has_line() { grep -qxF -- "$2" <<<"$1"; }

# ensure TITLE CHECK CHANGE [BEFORE]: looks, changes only what is missing, and looks again. What Microsoft answers to the change
# decides nothing: "already exists" may be another's, and an answer can be lost. Only the look counts.
ensure() {
  local title=$1 check=$2 change=$3 before=${4:-true} pause
  if "$check"; then say "OK       $title (there already)"; return 0; fi
  if [[ $dry_run == yes ]]; then say "MISSING  $title (would be changed)"; return 0; fi
  "$before"
  say "CHANGE   $title"
  "$change" || say '         Microsoft did not take it as a change. Looking whether it is there all the same ...'
  for pause in 1 3 6 15 30; do
    sleep "$pause"
    if "$check"; then say "DONE     $title (read back)"; return 0; fi
  done
  fail "$title: a look does not find it. What Microsoft answered stands above. Run this script again in some minutes."
}

usage() { say 'Usage: bash SCRIPT [--dry-run] [--ticket NUMBER]' >&2; exit 64; }
dry_run=no
ticket=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --dry-run) dry_run=yes ;;
    --ticket)
      # Only what cannot end a string of JSON.
      [[ ${2:-} =~ ^[A-Za-z0-9._:/#\ -]{1,64}$ ]] || usage
      ticket=$2
      shift
      ;;
    *) usage ;;
  esac
  shift
done

command -v az >/dev/null || fail 'Azure CLI is not installed. https://shell.azure.com has it, in the browser.' 2
signed_in_to=$(az account show --query tenantId --output tsv | tr -d '\r') \
  || fail "Nobody is signed in. Run: az login --tenant $TENANT_ID --allow-no-subscriptions" 2
[[ ${signed_in_to,,} == "$TENANT_ID" ]] \
  || fail "You are signed in to tenant $signed_in_to. Run: az login --tenant $TENANT_ID --allow-no-subscriptions" 2

say "Tenant   $TENANT_NAME ($TENANT_ID)"
say "App      $APP_NAME ($APP_ID)"
say "Role     $ROLE_NAME, for the whole tenant"

app_object_id=$(graph_read "/servicePrincipals(appId='$APP_ID')" id) \
  || fail 'The enterprise app cannot be read in this tenant. Was it consented to?'
