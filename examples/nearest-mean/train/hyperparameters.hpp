// What a training job may set. SageMaker hands every hyperparameter over as a string.
#pragma once

#include "../common/csv.hpp"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

struct Hyperparameters {
    std::string label = "species"; // the column that holds the class; all others are features
    double holdout_share = 0.3;    // of the rows, kept apart to measure the accuracy
    std::uint64_t repeats = 20;    // splits that the accuracy is the mean of
    std::uint64_t seed = 1;        // of the splits
};

inline std::uint64_t whole_number(const std::string &text)
{
    std::uint64_t value = 0;
    const auto end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end)
        throw std::invalid_argument(shown(text) + " is not a whole number of 0 or more");
    return value;
}

inline void set(Hyperparameters &chosen, const std::string &name, const std::string &text)
{
    if (name == "label") {
        chosen.label = text;
    } else if (name == "holdout_share") {
        chosen.holdout_share = finite_number(text);
        if (chosen.holdout_share <= 0 || chosen.holdout_share >= 1)
            throw std::invalid_argument(text + " does not lie between 0 and 1");
    } else if (name == "repeats") {
        chosen.repeats = whole_number(text);
        if (chosen.repeats == 0)
            throw std::invalid_argument("at least one split must be measured");
    } else if (name == "seed") {
        chosen.seed = whole_number(text);
    } else {
        throw std::invalid_argument("unknown; known are holdout_share, label, repeats and seed");
    }
}

// Throws std::runtime_error, which names the hyperparameter, its value and what is allowed.
inline Hyperparameters read_hyperparameters(const std::string &path)
{
    Hyperparameters chosen;
    std::ifstream file(path);
    if (!file)
        return chosen; // A job without hyperparameters may have no such file.
    std::map<std::string, std::string> given;
    try {
        nlohmann::json::parse(file).get_to(given);
    } catch (const nlohmann::json::exception &error) {
        throw std::runtime_error(path + " is not a JSON object of strings: " + error.what());
    }
    for (const auto &[name, text] : given) {
        try {
            set(chosen, name, text);
        } catch (const std::invalid_argument &error) {
            throw std::runtime_error("hyperparameter " + name + ": " + error.what());
        }
    }
    return chosen;
}
