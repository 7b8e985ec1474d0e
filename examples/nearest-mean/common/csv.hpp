// Comma-separated numbers and words, without quotes: all that this model's data need.
#pragma once

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

inline std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A text as an error message shows it: somebody else's, so not all of it.
inline std::string shown(std::string_view text)
{
    constexpr std::size_t longest = 40; // bytes
    return '"' + std::string(text.substr(0, longest)) + (text.size() > longest ? "…\"" : "\"");
}

inline std::vector<std::string_view> fields(std::string_view line)
{
    std::vector<std::string_view> found;
    for (std::size_t start = 0;;) {
        const auto comma = line.find(',', start);
        found.push_back(trimmed(line.substr(start, comma - start)));
        if (comma == std::string_view::npos)
            return found;
        start = comma + 1;
    }
}

// Throws std::invalid_argument, whose text shows the value that is not a finite number.
inline double finite_number(std::string_view text)
{
    double value = 0;
    const auto end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || !std::isfinite(value))
        throw std::invalid_argument(shown(text) + " is not a finite number");
    return value;
}
