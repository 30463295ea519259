# fish completion for webinfer(1), webinfer-bench(1) and webinfer-uplink(1), which `webinfer
# completion fish` prints. The program says what may come next: `webinfer completion words -- WORD...`.

# Prints the completions of the word at the cursor for the program $argv[1], after the words $argv[2..].
function __webinfer_complete
    set -l current (commandline -ct)
    # $HOME in place of "~", and of "~/" behind an equals sign, as the program would get it.
    set -l words (string replace -r '^~/' "$HOME/" -- $argv[2..] $current)
    set -l said ($argv[1] completion words -- $words 2>/dev/null </dev/null)
    test (count $said) -ge 2; or return
    set -l prefix $said[2]
    set -l rest (string sub -s (math (string length -- "$prefix") + 1) -- "$current")
    switch $said[1]
        case word
            for word in $said[3..]
                echo "$prefix$word"
            end
        case file
            for path in (__fish_complete_path "$rest")
                echo "$prefix$path"
            end
        case directory
            for path in (__fish_complete_directories "$rest" "")
                echo "$prefix$path"
            end
        case model
            # No daemon, no models. A name reaches the command line only if it looks like a model's name.
            for name in (timeout 1 $argv[1] $said[3..] list --names 2>/dev/null </dev/null)
                string match -qr '^[A-Za-z0-9._/:-]+$' -- $name; and echo "$prefix$name"
            end
    end
end

function __webinfer
    set -l words (commandline -opc)
    __webinfer_complete $words[1] $words[2..]
end

# webinfer-bench is webinfer bench, and webinfer-uplink is webinfer uplink.
function __webinfer_program
    set -l words (commandline -opc)
    set -l parts (string match -r -- '^(.*)-([a-z]+)$' $words[1])
    __webinfer_complete $parts[2] $parts[3] $words[2..]
end

complete -c webinfer -f -a '(__webinfer)'
complete -c webinfer-bench -f -a '(__webinfer_program)'
complete -c webinfer-uplink -f -a '(__webinfer_program)'
