# Exit codes: 0 all is as it should be; 1 refused or failed; 2 in another tenant; 64 a ticket is missing
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Stop-With([string] $Text, [int] $Code = 1) {
    [Console]::Error.WriteLine("STOPPED: $Text")
    Disconnect-MgGraph -ErrorAction SilentlyContinue | Out-Null
    exit $Code
}

# Every row of a list of Microsoft Graph, page after page.
function Read-Rows([string] $Path) {
    $next = "$GraphUrl$Path"
    while ($next) {
        $page = Invoke-MgGraphRequest -Method GET -Uri $next -OutputType PSObject
        $page.value
        $next = if ($page.PSObject.Properties['@odata.nextLink']) { $page.'@odata.nextLink' } else { $null }
    }
}

function Send-Body([string] $Path, [System.Collections.IDictionary] $Body) {
    $json = ConvertTo-Json -InputObject $Body -Depth 5
    Invoke-MgGraphRequest -Method POST -Uri "$GraphUrl$Path" -Body $json -ContentType 'application/json' | Out-Null
}

# Looks, changes only what is missing, and looks again. What Microsoft answers to the change decides nothing: "already
# exists" may be another's, and an answer can be lost. Only the look counts.
function Confirm-State([string] $Title, [scriptblock] $Check, [scriptblock] $Change, [scriptblock] $Before = $null) {
    if (& $Check) { Write-Host "OK       $Title (there already)"; return }
    if ($DryRun) { Write-Host "MISSING  $Title (would be changed)"; return }
    if ($Before) { & $Before }
    Write-Host "CHANGE   $Title"
    try { & $Change } catch { Write-Host "         Microsoft's answer: $($_.Exception.Message) Looking all the same ..." }
    foreach ($pause in 1, 3, 6, 15, 30) {
        Start-Sleep -Seconds $pause
        if (& $Check) { Write-Host "DONE     $Title (read back)"; return }
    }
    Stop-With "$($Title): a look does not find it. Microsoft's answer stands above. Run this again in some minutes."
}

if (-not (Get-Command Connect-MgGraph -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine('STOPPED: install the module first: Install-Module Microsoft.Graph.Authentication')
    exit 2
}
Connect-MgGraph -TenantId $TenantId -Environment $GraphEnvironment -Scopes $Scopes -ContextScope Process -NoWelcome
if ((Get-MgContext).TenantId -ne $TenantId) { Stop-With 'You signed in to another tenant.' 2 }

Write-Host "Tenant   $TenantName ($TenantId)"
Write-Host "App      $AppName ($AppId)"
Write-Host "Role     $RoleName, for the whole tenant"

$app = Invoke-MgGraphRequest -Method GET -Uri "$GraphUrl/servicePrincipals(appId='$AppId')" -OutputType PSObject
$appObjectId = $app.id
