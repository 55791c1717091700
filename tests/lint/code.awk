# Prints C files as FILE:LINE:CODE, with comments and the insides of literals blanked out.
FNR == 1 { comment = 0 }
{
	line = $0
	code = ""
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			comment = end == 0
			line = end ? substr(line, end + 2) : ""
			code = code " "
		} else if (match(line, /["']|\/\*|\/\//)) {
			found = substr(line, RSTART, RLENGTH)
			code = code substr(line, 1, RSTART - 1)
			line = substr(line, RSTART + RLENGTH)
			if (found == "//") {
				line = ""
			} else if (found == "/*") {
				comment = 1
			} else {
				literal = found == "\"" ? "^([^\"\\\\]|\\\\.)*\"" : "^([^'\\\\]|\\\\.)*'"
				if (match(line, literal)) line = substr(line, RLENGTH + 1)
				code = code found found
			}
		} else {
			code = code line
			line = ""
		}
	}
	print FILENAME ":" FNR ":" code
}
